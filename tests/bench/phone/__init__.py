"""The phone app in Chromium: its data set, its browser, and what is measured in it."""
