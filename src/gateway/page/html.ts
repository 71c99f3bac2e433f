import { html as template } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** Markup in which everything interpolated was escaped. */
export type Html = HtmlEscapedString;

/** Hono's own template. It answers with a promise only where it is given one, and a page here never is. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): Html =>
  template(strings, ...values) as Html;
