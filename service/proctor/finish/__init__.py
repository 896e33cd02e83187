"""From outcomes to results: gate, thinking, reward, commit, summary."""
