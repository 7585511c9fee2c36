"""Inbox: the submissions, and how phones learn their state. The row of a submission is the job."""
