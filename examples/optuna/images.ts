import { fileURLToPath } from 'node:url';

import type { Recipe } from '../../lab/image.ts';

/**
 * Two releases of optuna with one migration between them: the head of 3.1.1 is v3.0.0.d, that of 5.0.0
 * is v3.2.0.a. The history is optuna's own, inside its package; nothing of it is ours.
 */
function release(optuna: string): Recipe {
  return {
    name: 'optuna-studies',
    base: 'python',
    // numpy 2 needs libstdc++, which the small base image has not.
    // psycopg2: under psycopg 3 optuna 3.1.1 fails in study.best_trial (enum compared with varchar).
    python: [
      `optuna==${optuna}`,
      'numpy==1.26.4',
      'alembic==1.20.0',
      'SQLAlchemy==2.0.58',
      'psycopg2-binary==2.9.13',
    ],
    files: { '/app/study.py': fileURLToPath(new URL('app/study.py', import.meta.url)) },
    workdir: '/app',
    user: '10001:10001',
    command: ['python3', 'study.py', 'serve'],
  };
}

export const recipes = { old: release('3.1.1'), new: release('5.0.0') };
