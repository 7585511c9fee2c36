// Files that the person keeps: the browser's own way of saving them.

/**
 * @param {string} name
 * @param {string} type
 * @param {BlobPart[]} content
 */
export function saveFile(name, type, content) {
  const url = URL.createObjectURL(new Blob(content, { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // Safari reads the file after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
