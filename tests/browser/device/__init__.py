"""The browser device alone: its modules in a real Chromium, without screens."""
