// `stack`: children below each other; `row`: beside each other; `grid`: in as many columns as fit; `split`: one narrow,
// one wide. All of them only place their children.
import { define, KdNode } from "../node.js";

class KdStack extends KdNode<"stack"> {
  protected draw({ gap = "medium" }: KdNode<"stack">["props"]): unknown {
    this.dataset["gap"] = gap;
    return this.kids();
  }
}

class KdRow extends KdNode<"row"> {
  protected draw({ gap = "small", spread = false }: KdNode<"row">["props"]): unknown {
    this.dataset["gap"] = gap;
    this.toggleAttribute("data-spread", spread);
    return this.kids();
  }
}

class KdGrid extends KdNode<"grid"> {
  protected draw({ cell = "medium" }: KdNode<"grid">["props"]): unknown {
    this.dataset["cell"] = cell;
    return this.kids();
  }
}

class KdSplit extends KdNode<"split"> {
  protected draw({ side = "start" }: KdNode<"split">["props"]): unknown {
    this.dataset["side"] = side;
    return this.kids();
  }
}

define("stack", KdStack);
define("row", KdRow);
define("grid", KdGrid);
define("split", KdSplit);
