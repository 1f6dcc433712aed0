// The elements that come with the first script.
import "./button.js";
import "./callout.js";
import "./card.js";
import "./details.js";
import "./facts.js";
import "./link.js";
import "./list.js";
import "./section.js";
import "./stack.js";
import "./tabs.js";
import "./text.js";
import "./unknown.js";
