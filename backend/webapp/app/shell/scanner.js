// Reads a code with the camera, where the browser has a function for it.

import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { t } from "../texts/text.js";
import { logError } from "./error_log.js";
import { showToast } from "./toasts.js";

const LOOK_EVERY_MS = 200;

export function canScan() {
  return "BarcodeDetector" in globalThis && Boolean(navigator.mediaDevices?.getUserMedia);
}

/** @param {{ onCode: (text: string) => void }} properties */
export function Scanner({ onCode }) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  useEffect(() => {
    /** @type {MediaStream | null} */
    let stream = null;
    let timer = 0;
    let isOpen = true;
    const run = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (!isOpen || !video.current) return;
      video.current.srcObject = stream;
      await video.current.play();
      const detector = new /** @type {any} */ (globalThis).BarcodeDetector();
      timer = window.setInterval(async () => {
        if (!video.current) return;
        const [code] = await detector.detect(video.current).catch(() => []);
        if (code && isOpen) onCode(code.rawValue);
      }, LOOK_EVERY_MS);
    };
    run()
      .catch((error) => {
        logError(error);
        showToast(t("scan.no_camera"));
      })
      .finally(() => {
        if (!isOpen) stop();
      });
    const stop = () => {
      clearInterval(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    return () => {
      isOpen = false;
      stop();
    };
  }, []);
  return html`<video class="scanner" ref=${video} playsinline muted aria-label=${t("scan.view")}></video>`;
}
