import { readFileSync, writeFileSync } from 'node:fs';
import { command } from './command.ts';
import { acceptFrom } from './iptables.ts';
import { LabError } from './lab-error.ts';
import { saveState } from './state.ts';
import type { Network, State } from './state.ts';

export const bridgeName = 'backstep0';
const forwarding = '/proc/sys/net/ipv4/ip_forward';

/** The first 10.N.0.0/16 that no route or address of this machine touches; throws LabError where none is free. */
export function freeNetwork(taken: string[]): Network {
  for (let n = 213; n >= 100; n -= 1) {
    if (taken.some((range) => overlaps(range, `10.${n}.0.0/16`))) continue;
    return {
      bridge: bridgeName,
      address: `10.${n}.0.1`,
      pods: `10.${n}.0.0/24`,
      services: `10.${n}.1.0/24`,
    };
  }
  throw new LabError(
    'No private network between 10.100.0.0 and 10.213.0.0 is free; remove a route from this machine.',
  );
}

/** Whether two IPv4 ranges, each an address with an optional prefix length, share an address. */
export function overlaps(a: string, b: string): boolean {
  const [first, second] = [parse(a), parse(b)];
  const bits = Math.min(first.bits, second.bits);
  const block = 2 ** (32 - bits);
  return Math.floor(first.value / block) === Math.floor(second.value / block);
}

function parse(range: string): { value: number; bits: number } {
  const [address = '', bits = '32'] = range.split('/');
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return { value, bits: Number(bits) };
}

const ip = (...args: string[]): Promise<string> => command('ip', args);

/** Makes the bridge, its address and its firewall rules, each only where missing; what it changes is recorded first. */
export async function makeNetwork(state: State): Promise<Network> {
  if (state.network === undefined) {
    const routes = JSON.parse(await command('ip', ['-j', '-4', 'route', 'show'])) as {
      dst: string;
      dev?: string;
    }[];
    const taken = routes
      .filter(({ dst, dev }) => dst !== 'default' && dev !== bridgeName)
      .map(({ dst }) => dst);
    state.network = freeNetwork(taken);
  }
  state.before.ipForward ??= readFileSync(forwarding, 'utf8').trim();
  saveState(state);
  const { bridge, address } = state.network;
  await ip('link', 'show', bridge).catch(() => ip('link', 'add', bridge, 'type', 'bridge'));
  // A bridge without a fixed hardware address takes that of a port, and changes it as pods come and go.
  await ip('link', 'set', bridge, 'address', '0a:58:0a:d5:00:01', 'up');
  await ip('address', 'replace', `${address}/24`, 'dev', bridge);
  writeFileSync(forwarding, '1');
  await acceptFrom(bridge);
  return state.network;
}

/** Removes the bridge with the pods' ends on it, and puts forwarding back as it was. */
export async function removeNetwork(state: State | undefined): Promise<void> {
  const links = JSON.parse(await command('ip', ['-j', 'link', 'show'])) as {
    ifname: string;
    master?: string;
  }[];
  const ours = links.filter(({ ifname, master }) => master === bridgeName || ifname === bridgeName);
  for (const { ifname } of ours.toSorted((a) => (a.ifname === bridgeName ? 1 : -1))) {
    // A pod's end vanishes by itself, a moment after its network namespace has gone.
    await command('ip', ['link', 'delete', ifname]).catch(async (error: unknown) => {
      const left = await command('ip', ['-o', 'link', 'show']);
      if (left.includes(` ${ifname}@`) || left.includes(` ${ifname}:`)) throw error;
    });
  }
  if (state?.before.ipForward !== undefined) writeFileSync(forwarding, state.before.ipForward);
}
