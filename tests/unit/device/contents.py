"""What a device holds, in the shape of what the feed says it must hold (`Feed.live`)."""

from sync_protocol.device.device import Device


def contents(device: Device) -> dict[tuple[str, str], object]:
    """Return every record of *device* by (collection, key)."""
    return {
        (collection, record["id"]): record
        for collection in device.status().counts
        for record in device.records(collection)
    }
