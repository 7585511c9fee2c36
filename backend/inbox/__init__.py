"""The inbox: what is asked. The row of a submission is the job."""
