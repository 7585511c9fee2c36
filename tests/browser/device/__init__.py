"""The browser device by itself: its modules in a real Chromium, without screens."""
