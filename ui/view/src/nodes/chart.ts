// `chart`: numbers over a line of numbers or times.
import { html } from "../html.js";
import { define, KdNode } from "../node.js";
import "../parts/plot.js";

class KdChart extends KdNode<"chart"> {
  protected draw({ x, "x-type": type = "number", series, label }: KdNode<"chart">["props"]): unknown {
    return html`<kd-plot .x=${x} .series=${series} .type=${type} .label=${label} .locale=${this.locale}></kd-plot>`;
  }
}
define("chart", KdChart);
