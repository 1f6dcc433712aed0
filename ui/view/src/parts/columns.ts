// Columns as a table shows them: those that the view declares, or those that the source tells.
import type { Column } from "../catalogue.js";
import type { AddedColumn, SourceColumn, Statistic } from "../host.js";
import { count, endAligned, say } from "../format.js";
import { words } from "../words.js";

export interface Shown extends Column {
  end: boolean;
  /** What the source calls its type. */
  of?: string;
  /** It is another plug-in's, and its cells are not in the rows. */
  added?: AddedColumn;
}

const NUMERIC = /^(u?int|integer|bigint|smallint|tinyint|float|double|real|decimal|numeric|number|hugeint)/i;
const TIME = /^(timestamp|date|time)/i;

export const isNumeric = (type: string | undefined): boolean => type !== undefined && NUMERIC.test(type);
export const isTime = (type: string | undefined): boolean => type !== undefined && (TIME.test(type) || type === "time");

/** Cells of a source stay as they are (a year is not `2,024`); only their side is chosen by type. */
export function columnsOf(declared: readonly Column[] | undefined, told: readonly SourceColumn[]): Shown[] {
  const types = new Map(told.map(({ name, type }) => [name, type]));
  if (declared?.length) {
    return declared.map((column) => ({ ...column, end: column.align ? column.align === "end" : endAligned(column.type), ...(types.has(column.key) ? { of: types.get(column.key)! } : {}) }));
  }
  return told.map(({ name, type }) => ({ key: name, label: name, sortable: true, end: isNumeric(type), of: type }));
}

export const addedColumns = (added: readonly AddedColumn[]): Shown[] =>
  added.map((column) => ({ key: column.key, label: column.label, type: column.type, end: endAligned(column.type), added: column }));

/** The type of a column as SQL and the schema say it; a nested one is longer than a head has room for. */
export const typeWord = (type: string): string => (type.length > 24 ? `${type.slice(0, 23)}…` : type);

/** A range where there is one, otherwise how many are distinct; and how many are missing. A head has no room for more. */
export function statisticWords(statistic: Statistic | undefined, locale: string): string {
  if (!statistic) return "";
  const parts: string[] = [];
  if (statistic.min !== undefined && statistic.min !== null && statistic.max !== undefined && statistic.max !== null) {
    const short = (value: unknown) => { const { text } = say("number", value, locale); return text.length > 12 ? `${text.slice(0, 11)}…` : text; };
    parts.push(statistic.min === statistic.max ? short(statistic.min) : words.range(short(statistic.min), short(statistic.max)));
  }
  else if (statistic.distinct) parts.push(words.distinct(count(statistic.distinct, locale)));
  if (statistic.nulls) parts.push(words.missing(count(statistic.nulls, locale)));
  return parts.join(", ");
}
