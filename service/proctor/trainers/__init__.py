"""One adapter a trainer: what it calls, translated into samples; what Proctor answers, translated back.

Each adapter imports without its trainer installed, and shares `scoring.Scoring`, which holds the one rule about
samples that cannot be scored: `on_invalid`. See docs/trainers.md.
"""
