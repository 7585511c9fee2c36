// A screen that fails shows this instead of nothing. What was typed is in the drafts, and stays.

import { Component } from "preact";
import { html } from "../html.js";
import { t } from "../texts/text.js";
import { logError } from "./error_log.js";
import { Layout } from "./layout.js";
import { BASE } from "./router.js";

/** @param {{ error: unknown }} properties */
export function ErrorPage({ error }) {
  const message = error instanceof Error ? error.message : String(error);
  return html`
    <${Layout} title=${t("error.title")} back=${BASE}>
      <div role="alert">
        <p>${t("error.what")}</p>
        <p>${t("error.safe")}</p>
      </div>
      <button type="button" onClick=${() => location.reload()}>${t("error.again")}</button>
      <p><a href="/app/reset" data-load>${t("settings.repair")}</a></p>
      <details><summary>${t("error.details")}</summary><code>${message}</code></details>
    <//>`;
}

/** @augments {Component<{ children?: any }, { error: unknown }>} */
export class ErrorBoundary extends Component {
  constructor() {
    super();
    this.state = { error: null };
  }

  /** @param {unknown} error */
  componentDidCatch(error) {
    logError(error);
    this.setState({ error });
  }

  render() {
    return this.state.error ? html`<${ErrorPage} error=${this.state.error} />` : this.props.children;
  }
}
