import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { blockStyle } from '../../views/render/style.ts';

/** A file that the page loads. Its name carries its contents, so that a browser may keep it for ever. */
interface Asset {
  path: string;
  type: string;
  body: string;
}

function asset(file: string, type: string, before = ''): Asset {
  const body = before + readFileSync(new URL(`assets/${file}`, import.meta.url), 'utf8');
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 10);
  return { path: `/page/${version}/${file}`, type, body };
}

export const assets = {
  style: asset('page.css', 'text/css; charset=utf-8', blockStyle),
  script: asset('page.js', 'text/javascript; charset=utf-8'),
  icon: asset('icon.svg', 'image/svg+xml'),
};
