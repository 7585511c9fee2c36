"""Pull and push: the feed and the inbox as a device meets them."""
