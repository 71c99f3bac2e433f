import { createHash } from 'node:crypto';
import { html } from '../../views/render/html.ts';
import type { Html } from '../../views/render/html.ts';
import { countedDown } from '../../views/blocks.ts';

/** A part of the page that is replaced as a whole when it changes. */
export interface Section {
  id: string;
  /** On a wide screen: what to decide and why it is so on the left, how far it is on the right. */
  side?: 'left' | 'right';
  /** Empty: it is not shown. */
  body: Html | '';
}

/** `03:12:05 UTC`; the day stands in the tooltip and for machines. */
export const timeElement = (iso: string): Html =>
  html`<time datetime="${iso}" title="${iso}">${iso.slice(11, 19)} UTC</time>`;

/** Time since then, which the browser goes on counting. */
export const since = (iso: string, now: number): Html =>
  html`<time data-since="${iso}">${countedDown(now - Date.parse(iso))}</time>`;

export const list = (lines: readonly unknown[], kind = ''): Html | '' =>
  lines.length === 0
    ? ''
    : html`<ul class="${kind}">
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>`;

const clocks = /(<time data-(?:since|until)="[^"]*">)[^<]*/g;

/** The same for the same contents, whatever the clocks show: those the browser counts itself. */
export const versionOf = (body: string): string =>
  createHash('sha256').update(body.replaceAll(clocks, '$1')).digest('base64url').slice(0, 12);

/** A section as it stands in the page, with the version by which a browser knows whether it changed. */
export const placed = ({ id, body }: Section): Html =>
  html`<section id="${id}" data-version="${versionOf(body)}">${body}</section>`;
