import { command } from './command.ts';

const tools = ['iptables', 'ip6tables'] as const;

/** Everything the lab adds carries this comment. */
export const comment = 'backstep-lab';

/** Chains that kube-proxy and a kubelet make. `up` refuses a machine that has them already, so they are the lab's own. */
export const isKubernetesChain = (chain: string): boolean => chain.startsWith('KUBE-');

/** Input of `iptables-restore --noflush` that takes the lab's rules and chains out of a listing by `iptables-save`, or ''. */
export function removal(save: string): string {
  const script: string[] = [];
  let table = '';
  let rules: string[] = [];
  let chains: string[] = [];
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) {
      table = line;
      rules = [];
      chains = [];
    } else if (line.startsWith(':')) {
      const chain = line.slice(1).split(' ')[0] ?? '';
      if (isKubernetesChain(chain)) chains.push(chain);
    } else if (line.startsWith('-A ')) {
      const inOwnChain = isKubernetesChain(line.split(' ')[1] ?? '');
      const jumpsToOwn = isKubernetesChain(/ -[jg] (\S+)/.exec(line)?.[1] ?? '');
      const commented = line.includes(`--comment ${comment}`) || line.includes(`--comment "${comment}"`);
      if (!inOwnChain && (jumpsToOwn || commented)) rules.push(`-D ${line.slice(3)}`);
    } else if (line === 'COMMIT' && rules.length + chains.length > 0) {
      script.push(
        table,
        ...rules,
        ...chains.map((chain) => `-F ${chain}`),
        ...chains.map((chain) => `-X ${chain}`),
      );
      script.push('COMMIT');
    }
  }
  return script.length === 0 ? '' : `${script.join('\n')}\n`;
}

/** Lets the lab's pods reach this machine and one another where a firewall (ufw, Docker) drops by default. */
export async function acceptFrom(bridge: string): Promise<void> {
  for (const rule of [
    ['INPUT', '-i', bridge],
    ['FORWARD', '-i', bridge, '-o', bridge],
  ]) {
    const [chain = '', ...match] = rule;
    const rest = [chain, ...match, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT'];
    await command('iptables', ['-w', '-C', ...rest]).catch(() => command('iptables', ['-w', '-I', ...rest]));
  }
}

/** Takes the lab's rules and chains out of both families. */
export async function removeRules(): Promise<void> {
  for (const tool of tools) {
    const script = removal(await command(`${tool}-save`, []));
    if (script !== '') await command(`${tool}-restore`, ['--noflush', '-w'], { input: script });
  }
}

/** Whether another Kubernetes has its chains on this machine. */
export async function hasKubernetesChains(): Promise<boolean> {
  return (await command('iptables-save', [])).split('\n').some((line) => line.startsWith(':KUBE-'));
}
