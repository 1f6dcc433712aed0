// Before files go where files are already: which they are, what becomes of them, and the choice.
import { html } from "../../../view/src/html.js";
import { openDialog } from "../layout/dialog.js";
import { encodeAddress, fetchJson } from "../transport/http.js";
import { t } from "../words/words.js";
import { cleanPath, type Destination, type Picked } from "./plan.js";

// More than this is not looked at: one that sends a thousand files means to.
const MOST = 10_000;

/** Those of the paths that the asset has already. Fails when nobody can tell: a change that no commit has may be replaced. */
export async function existing(to: Destination, picked: readonly Picked[]): Promise<Set<string>> {
  const wanted = new Set(picked.map(({ path }) => cleanPath(to.folder + path)));
  const found = new Set<string>();
  let after: string | undefined;
  for (let seen = 0; seen < MOST;) {
    const query = new URLSearchParams({ limit: "2000", ...(to.folder ? { prefix: to.folder } : {}), ...(after ? { after } : {}) });
    const page = await fetchJson<{ objects: { path: string }[]; next?: string | null }>(`/api/v1/listing/${encodeAddress(to.asset)}?${query}`);
    for (const { path } of page.objects) if (wanted.has(path)) found.add(path);
    seen += page.objects.length;
    if (!page.next || page.objects.length === 0) break;
    after = page.next;
  }
  return found;
}

export async function askReplace(there: Set<string>, of: number, opener: HTMLElement | null): Promise<"replace" | "new" | undefined> {
  const dialog = openDialog<"replace" | "new">({
    title: t("conflict.title", { n: there.size, of }),
    opener,
    content: (open) => html`<div class="ks-dialog-body">
        <p>${t("conflict.kept")}</p>
        <ul class="ks-paths">${[...there].slice(0, 8).map((path) => html`<li><code>${path}</code></li>`)}</ul>
        ${there.size > 8 ? html`<p class="kd-muted">${t("and.more", { n: there.size - 8 })}</p>` : ""}
      </div>
      <div class="ks-dialog-foot">
        <button type="button" class="kd-button" @click=${() => open.leave()}>${t("cancel")}</button>
        ${there.size < of ? html`<button type="button" class="kd-button" @click=${() => open.close("new")}>${t("conflict.new")}</button>` : ""}
        <button type="button" class="kd-button kd-button-primary" data-first @click=${() => open.close("replace")}>${t("conflict.replace")}</button>
      </div>`,
  });
  return dialog.closed;
}

/** Where to, when the page does not say. */
export async function askWhere(project: string, opener: HTMLElement | null): Promise<string | undefined> {
  const dialog = openDialog<string>({
    title: t("where.title"),
    opener,
    content: (open) => html`<form class="ks-form" @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        open.close(String(new FormData(event.target as HTMLFormElement).get("to") ?? "").trim());
      }}>
      <div class="ks-dialog-body"><div class="ks-field"><label for="upload-to">${t("where.label")}</label>
        <input id="upload-to" name="to" data-first required pattern="[^/\s]+/[^/\s]+.*" .value=${project ? `${project}/` : ""} placeholder="project/asset" autocomplete="off" spellcheck="false" aria-describedby="upload-to-help">
        <p class="kd-muted ks-help" id="upload-to-help">${t("where.help")}</p></div></div>
      <div class="ks-dialog-foot"><button type="button" class="kd-button" @click=${() => open.leave()}>${t("cancel")}</button>
        <button class="kd-button kd-button-primary">${t("upload")}</button></div></form>`,
  });
  return dialog.closed;
}
