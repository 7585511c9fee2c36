// What the build writes above the service worker.

declare const BUILD: string;
declare const FILES: Record<string, string>;
declare const ON_DEMAND: Record<string, string>;
