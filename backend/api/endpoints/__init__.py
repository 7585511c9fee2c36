"""The endpoints: each file declares its routes beside their views. `backend.api.routes` collects them."""
