"""Is a file the receipt that it says it is? A confined process decodes it, and copies it without metadata."""
