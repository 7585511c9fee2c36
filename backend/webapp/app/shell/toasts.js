// Short messages about what has just happened, with a way to undo it.

import { signal } from "@preact/signals";

/** @typedef {{ id: number, text: string, undo?: () => void | Promise<void> }} Toast */

/** @type {import("@preact/signals").Signal<Toast[]>} */
export const toasts = signal([]);

const SHOWN_MS = 8000;
let last = 0;

/**
 * Show *text*. With *undo* a button calls it.
 *
 * @param {string} text
 * @param {() => void | Promise<void>} [undo]
 */
export function showToast(text, undo) {
  last += 1;
  const toast = { id: last, text, ...(undo && { undo }) };
  toasts.value = [...toasts.value.slice(-2), toast];
  setTimeout(() => closeToast(toast.id), SHOWN_MS);
}

/** @param {number} id */
export function closeToast(id) {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}
