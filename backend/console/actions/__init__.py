"""Actions: what a person does to one document from its page."""
