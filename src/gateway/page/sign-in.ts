import { html } from '../../views/render/html.ts';
import type { Html } from '../../views/render/html.ts';
import { page } from './layout.ts';

interface SignIn {
  /** Path to which the browser comes back. */
  back: string;
  /** Where the provider is asked, if there is one. */
  provider?: { path: string; name: string } | undefined;
  /** Whether people may have tokens of their own; they are sent by POST to this path. */
  tokens?: { path: string } | undefined;
  /** Why an attempt did not count. */
  problem?: string | undefined;
}

/** Who are you: by the provider, or by a token of one's own. */
export const signInPage = ({ back, provider, tokens, problem }: SignIn): Html =>
  page({
    title: 'Backstep: sign in',
    body: html`<div class="card sign-in">
      <h1>Sign in</h1>
      ${problem && html`<p class="said bad" role="alert">${problem}</p>`}
      ${
        provider &&
        html`<p>
          <a class="button primary" href="${provider.path}?back=${encodeURIComponent(back)}"
            >Sign in with ${provider.name}</a
          >
        </p>`
      }
      ${
        tokens &&
        html`<form method="post" action="${tokens.path}">
          <input type="hidden" name="back" value="${back}" />
          <p class="field">
            <label for="token">Your token</label>
            <input id="token" name="token" type="password" required autocomplete="current-password" />
          </p>
          <button class="${provider ? 'plain' : 'primary'}">Sign in</button>
        </form>`
      }
      ${provider || tokens ? '' : html`<p>Nobody can sign in: the gateway knows neither a provider (BACKSTEP_GATEWAY_OIDC_ISSUER) nor tokens (BACKSTEP_GATEWAY_TOKENS).</p>`}
    </div>`,
  });
