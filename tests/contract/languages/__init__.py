"""One test table per language: programs, and what they do. Add a language's here and to `test_languages`."""
