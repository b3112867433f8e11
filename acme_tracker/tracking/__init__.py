"""Identities: association, lifecycle, visual following, and when to detect again."""
