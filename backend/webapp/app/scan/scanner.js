// Reads a code with the camera, or in a photo, where the camera cannot be shown in the page.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { logError } from "../shell/error_log.js";
import { codeText } from "./codes.js";
import { DecoderMissing, openReader } from "./reader.js";
import { text } from "./texts.js";

const LOOK_EVERY_MS = 150;

/** @param {{ onCode: (text: string) => void }} properties */
export function Scanner({ onCode }) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const reader = useRef(/** @type {Promise<import("./reader.js").Reader> | null} */ (null));
  const photo = useRef(/** @type {HTMLInputElement | null} */ (null));
  const isReady = useSignal(false);
  const hasCamera = useSignal(true);
  const problem = useSignal("");
  useEffect(() => {
    let isOpen = true;
    /** @type {MediaStream | null} */
    let stream = null;
    let timer = 0;
    const opening = openReader();
    reader.current = opening;
    const look = async () => {
      const code = video.current && (await (await opening).read(video.current).catch(() => null));
      if (!isOpen) return;
      if (code) onCode(codeText(code));
      else timer = window.setTimeout(look, LOOK_EVERY_MS);
    };
    opening.then(
      () => {
        isReady.value = true;
      },
      (error) => {
        problem.value = text(error instanceof DecoderMissing ? "missing" : "failed");
        logError(error);
      },
    );
    camera()
      .then(
        async (opened) => {
          stream = opened;
          if (!isOpen || !video.current) return stop();
          video.current.srcObject = opened;
          await video.current.play();
          await opening;
          void look();
        },
        (error) => {
          hasCamera.value = false;
          logError(error);
        },
      )
      .catch(logError);
    const stop = () => {
      clearTimeout(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    return () => {
      isOpen = false;
      stop();
      opening.then(
        (opened) => opened.close(),
        () => {},
      );
    };
  }, []);
  const readPhoto = async (/** @type {any} */ event) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    problem.value = "";
    if (!file) return;
    try {
      const picture = await createImageBitmap(file).catch(() => null);
      if (!picture) {
        problem.value = text("not_a_photo", { name: file.name });
        return;
      }
      const code = await (await reader.current)?.read(picture);
      picture.close();
      if (code) onCode(codeText(code));
      else problem.value = text("no_code");
    } catch (error) {
      problem.value = text(error instanceof DecoderMissing ? "missing" : "failed");
    }
  };
  return html`
    <div class="scanner">
      ${hasCamera.value ? html`<video ref=${video} playsinline muted aria-label=${text("view")}></video>` : html`<p>${text("no_camera")}</p>`}
      ${!isReady.value && !problem.value && html`<p aria-busy="true">${text("loading")}</p>`}
      <p class="fault" role="alert" data-from-server>${problem.value}</p>
      <button type="button" class="secondary" onClick=${() => photo.current?.click()}>${text("photo")}</button>
      <input ref=${photo} hidden type="file" accept="image/*" capture="environment" aria-label=${text("photo")} onChange=${readPhoto} />
    </div>`;
}

async function camera() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("this browser shows no camera in a page");
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
  });
}
