// Types for the copy that a build places here.
export * from "zxing-wasm/reader";
