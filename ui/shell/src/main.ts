// The beginning of the page: preferences first, so that nothing is drawn in the wrong colours, then the shell.
import "./style/shell.css";
import "../../view/src/index.js";
import "./layout/notices.js";
import "./layout/page.js";
import "./views/surface.js";
import "./box/box.js";
import { App } from "./app.js";
import type { Page } from "./layout/page.js";
import { locale, preferences, startPreferences } from "./settings/preferences.js";

startPreferences();
const app = new App();
const page = document.querySelector("ks-app") as Page;
page.classList.add("kd-root");
page.begin(app);
app.start();
// Words in templates are read when these are drawn: another language draws them all again.
let spoken = locale();
preferences.watch(() => {
  if (spoken === locale()) return;
  spoken = locale();
  for (const element of document.querySelectorAll("ks-app, ks-app *")) (element as Partial<Page>).requestUpdate?.();
});

// The sign of the tab, drawn here: the policy of the page allows no image that is not the server's or made by the page.
const sign = document.createElement("link");
sign.rel = "icon";
sign.href = URL.createObjectURL(new Blob(['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b63c4"/><path d="M7 0h25L0 32V7a7 7 0 0 1 7-7z" fill="#1a7f37"/></svg>'], { type: "image/svg+xml" }));
document.head.append(sign);
