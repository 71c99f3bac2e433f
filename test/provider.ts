import { once } from 'node:events';
import type { Server } from 'node:http';
import getPort from 'get-port';
import { Provider } from 'oidc-provider';
import type { Configuration } from 'oidc-provider';

/** What the provider says of somebody; the key is what they type as login. */
export type Accounts = Record<string, Record<string, unknown>>;

export interface RunningProvider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Signs in as a browser would, from the gateway's redirect to its callback. */
  login(url: string, login: string): Promise<string>;
  /** A JWT for an audience, as a command-line tool would get one. */
  token(audience: string): Promise<string>;
  close(): Promise<void>;
}

/** A real OpenID Connect provider on loopback, with its own development pages for signing in. */
export async function provider(redirectUri: string, accounts: Accounts): Promise<RunningProvider> {
  const port = await getPort();
  const issuer = `http://127.0.0.1:${port}`;
  const [clientId, clientSecret] = ['backstep', 'the secret of the client'];
  const server: Server = new Provider(issuer, {
    ...configuration(accounts),
    clients: [
      { client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] },
      {
        client_id: 'tool',
        client_secret: 'the secret of the tool',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer,
    clientId,
    clientSecret,
    login: (url, login) => signIn(url, login, redirectUri),
    token: async (audience) => {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from('tool:the%20secret%20of%20the%20tool').toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience, scope: 'act' }),
      });
      const { access_token: token } = (await response.json()) as { access_token?: string };
      if (token === undefined) throw new Error(`the provider gave no token: ${response.status}`);
      return token;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const configuration = (accounts: Accounts): Configuration => ({
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['roles', 'realm_access'] },
  // So that the ID token itself says who it is.
  conformIdTokenClaims: false,
  cookies: { keys: ['of a test'] },
  ttl: { AccessToken: 60, ClientCredentials: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
  // What a tool's token says of itself.
  extraTokenClaims: () => ({ email: 'tool@example.com', email_verified: true, roles: ['oncall'] }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, audience) => ({
        audience,
        scope: 'act',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  findAccount: (_context, id) => {
    const claims = accounts[id];
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
  },
});

/** Follows redirects with the provider's cookies and fills its forms in; answers with the callback's address. */
async function signIn(from: string, login: string, redirectUri: string): Promise<string> {
  const cookies = new Map<string, string>();
  let url = from;
  let form: URLSearchParams | undefined;
  for (let hop = 0; hop < 12; hop += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: form }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';', 1)[0]?.split(/=(.*)/s) ?? [];
      cookies.set(name, value);
    }
    const to = response.headers.get('location');
    form = undefined;
    if (to !== null) {
      url = new URL(to, url).href;
      if (url.startsWith(redirectUri)) return url;
      continue;
    }
    const page = await response.text();
    const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
    if (action === undefined)
      throw new Error(`the provider shows no form: ${response.status} ${page.slice(0, 300)}`);
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? 'login';
    form = new URLSearchParams({ prompt, ...(prompt === 'login' && { login, password: 'any' }) });
    url = new URL(action, url).href;
  }
  throw new Error('the provider never came back');
}
