// How a document is called: its kind and its subject in words.

import { kindOf, words } from "./contract.js";
import { valueText } from "./values.js";

/** @param {{ kind: string, title: string, body: Record<string, any> }} document */
export function documentName({ kind: name, title, body }) {
  const kind = kindOf(name);
  const field = kind?.fields.find((each) => each.name === kind.title);
  const subject = (field && valueText(field, body[field.name], body)) || title;
  return [words(kind?.label) || name, subject].filter(Boolean).join(" · ");
}
