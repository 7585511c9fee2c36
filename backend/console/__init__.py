"""The office console at `/office`: pages for the people of the office. One package for each subject."""
