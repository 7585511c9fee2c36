// For an address that names no screen.

import { html } from "../html.js";
import { Empty, Layout } from "../shell/layout.js";
import { BASE } from "../shell/router.js";
import { t } from "../texts/text.js";

export function NotFound() {
  return html`
    <${Layout} title=${t("not_found.title")} back=${BASE}>
      <${Empty} text=${t("not_found.what")}><a href=${BASE}>${t("place.home")}</a><//>
    <//>`;
}
