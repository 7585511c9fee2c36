"""The page on which a person sees their roles, and changes password, second factor and language."""
