"""The phone app in a real Chromium, against a real server process with the sample company."""
