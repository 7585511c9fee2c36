// Preact with htm instead of JSX: html`<p>${text}</p>` makes a virtual node, and no compiler is needed.

import htm from "htm";
import { h } from "preact";

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(h);
