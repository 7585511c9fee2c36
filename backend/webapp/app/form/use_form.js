// An open form: its body, what is wrong with it, and what stores it. Each change is stored as a draft before anything
// else happens.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { contract } from "../contract/contract.js";
import { documentName } from "../contract/document_name.js";
import { problemText } from "../problems/texts.js";
import { changes, device } from "../shell/device.js";
import { logError } from "../shell/error_log.js";
import { BASE, navigate } from "../shell/router.js";
import { showToast } from "../shell/toasts.js";
import { formOpened } from "../shell/update.js";
import { t } from "../texts/text.js";
import { follow } from "./follow.js";
import { pathText, withValue } from "./places.js";

/** @typedef {import("../contract/contract.js").Kind} Kind */
/** @typedef {(string | number)[]} Path */
/**
 * @typedef {{
 *   kind: Kind, body: Record<string, any>, faults: any[], warnings: any[], isBusy: boolean,
 *   change: (path: Path, value: any) => void, during: (work: Promise<unknown>) => Promise<void>, supersedes: string | null,
 *   addPhoto: (path: Path, file: import("../receipts/files.js").ReceiptFile) => Promise<boolean>,
 *   store: () => Promise<void>, latest: () => Record<string, any>, end: () => void, save: () => Promise<string | null>, discard: () => Promise<void>,
 *   focusIn: (event: FocusEvent) => void, focusOut: () => void,
 * }} Form
 * `faults`: those to show now. `during`: lets "Save" wait for a photo that is being read. `addPhoto`: returns whether it is new there. `latest`: the body now, which
 * may be newer than what is on the screen. `end`: the draft is gone; store nothing any more. `save`: captures the document and returns its id, or shows its faults.
 */

/** Reasons that say that something is still to be entered: shown when the person saves. */
const NOT_YET = ["required", "blank", "too_few_items", "customer_or_project"];

/**
 * @param {string} id
 * @param {any} draft
 * @param {Kind} kind
 * @returns {Form}
 */
export function useForm(id, draft, kind) {
  const body = useSignal(draft.body);
  const checked = useSignal(/** @type {{ faults: any[], warnings: any[] }} */ ({ faults: [], warnings: [] }));
  const refused = useSignal(/** @type {any[]} */ ([]));
  const isComplete = useSignal(false);
  const focused = useSignal("");
  const isBusy = useSignal(false);
  const photos = useRef(/** @type {string[]} */ (draft.photos ?? []));
  const isDone = useRef(false);
  const pending = useRef(/** @type {Set<Promise<unknown>>} */ (new Set()));
  useEffect(formOpened, []);
  useEffect(() => {
    let isCurrent = true;
    device.call
      .check(kind.name, body.value)
      .then((result) => {
        if (isCurrent) checked.value = result;
      })
      .catch(logError);
    return () => {
      isCurrent = false;
    };
  }, [body.value, contract.value]);

  const store = async (/** @type {{ bytes: Uint8Array<ArrayBuffer>, filename: string }[]} */ added = []) => {
    if (isDone.current) return [];
    const { route, supersedes } = draft;
    const stored = { kind: kind.name, body: body.value, route, supersedes, photos: photos.current };
    const names = await device.call.saveDraft(id, stored, added);
    photos.current = [...photos.current, ...names];
    return names;
  };
  /** Let "Save" wait for *work*, and say on the screen if it fails, such as for want of room. */
  const during = async (/** @type {Promise<unknown>} */ work) => {
    pending.current.add(work);
    try {
      await work;
      refused.value = refused.value.filter((each) => each.field !== "");
    } catch (error) {
      logError(error);
      refused.value = [{ field: "", message: problemText(error), parameters: {} }];
    } finally {
      pending.current.delete(work);
    }
  };
  const change = (/** @type {Path} */ path, /** @type {any} */ value) => {
    const before = body.value;
    body.value = withValue(before, path, value);
    refused.value = refused.value.filter((each) => !each.field.startsWith(pathText(path)));
    void during(store());
    void during(fillIn(before, path));
  };
  /** Fill in what follows from the field that was changed, such as the price from the product. */
  const fillIn = async (/** @type {Record<string, any>} */ before, /** @type {Path} */ path) => {
    const after = body.value;
    const filled = await follow(kind, before, after, path);
    // The person may have typed on.
    if (body.value !== after) return;
    // A field that the person has just emptied stays empty until it is left: the next thing is typed into it.
    const typed = path.reduce((/** @type {any} */ value, part) => value?.[part], after);
    body.value = focused.value === pathText(path) ? withValue(filled, path, typed) : filled;
    await store();
  };
  const addPhoto = async (
    /** @type {Path} */ path,
    /** @type {import("../receipts/files.js").ReceiptFile} */ file,
  ) => {
    const [sha256] = await store([file]);
    const list = path.reduce((value, part) => value?.[part], body.value) ?? [];
    const name = `sha256:${sha256}`;
    if (list.includes(name)) return false;
    change(path, [...list, name]);
    return true;
  };
  const save = async () => {
    isBusy.value = true;
    try {
      // A photo that is still being shrunk belongs to the document.
      while (pending.current.size > 0) await Promise.allSettled(pending.current);
      isComplete.value = true;
      checked.value = await device.call.check(kind.name, body.value);
      if (checked.value.faults.length > 0) {
        // The list of faults is new on the screen: wait until it is there.
        requestAnimationFrame(() => document.getElementById("faults")?.focus());
        return null;
      }
      const title = documentName({ kind: kind.name, title: "", body: body.value });
      const { supersedes } = draft;
      const captured = await device.capture({
        kind: kind.name,
        body: body.value,
        title,
        supersedes,
        draft: id,
      });
      isDone.current = true;
      showToast(t("form.saved"));
      return captured;
    } catch (/** @type {any} */ error) {
      refused.value = error.faults ?? [{ field: "", message: problemText(error), parameters: {} }];
      return null;
    } finally {
      isBusy.value = false;
    }
  };
  const discard = async () => {
    isDone.current = true;
    const { route, supersedes } = draft;
    const kept = { kind: kind.name, body: body.value, route, supersedes, photos: photos.current };
    await device.call.discardDraft(id);
    navigate(BASE, { replace: true });
    showToast(t("form.discarded"), async () => {
      await device.call.saveDraft(id, kept);
      changes.value += 1;
    });
  };
  const isShown = (/** @type {any} */ fault) =>
    isComplete.value || (fault.field !== focused.value && !NOT_YET.includes(fault.reason));
  return {
    kind,
    body: body.value,
    faults: [...checked.value.faults.filter(isShown), ...refused.value],
    warnings: checked.value.warnings,
    isBusy: isBusy.value,
    supersedes: draft.supersedes ?? null,
    change,
    during,
    addPhoto,
    save,
    discard,
    store: () => during(store()),
    latest: () => body.value,
    end: () => {
      isDone.current = true;
    },
    focusIn: (event) => {
      focused.value = event.target instanceof HTMLElement ? event.target.id : "";
    },
    focusOut: () => {
      focused.value = "";
    },
  };
}
