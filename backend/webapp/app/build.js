// Which build this is. The build replaces both placeholders.

export const BUILD = "__BUILD__";
export const VERSION = "__VERSION__";
