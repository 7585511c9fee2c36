// The only script of our own: a page that nobody looks at does not ask for its parts again.

document.addEventListener("htmx:config:request", (event) => {
  const part = /** @type {CustomEvent} */ (event).detail.ctx.sourceElement;
  if (document.hidden && part.hasAttribute("data-poll")) event.preventDefault();
});
