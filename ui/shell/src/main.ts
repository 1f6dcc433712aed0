// The beginning of the page: preferences first, so that nothing is drawn in the wrong colours, then the shell.
import "./style/shell.css";
import "../../view/src/index.js";
import "./layout/notices.js";
import "./layout/page.js";
import "./views/surface.js";
import "./box/box.js";
import { App } from "./app.js";
import type { Page } from "./layout/page.js";
import { preferences, startPreferences } from "./settings/preferences.js";

startPreferences();
const app = new App();
const page = document.querySelector("ks-app") as Page;
page.classList.add("kd-root");
page.begin(app);
app.start();
// Words in templates are read when these are drawn: another language draws them all again.
preferences.watch(() => {
  for (const element of document.querySelectorAll("ks-app, ks-box, ks-surface, ks-notices, ks-own-settings")) (element as Page).requestUpdate();
});
