import { afterAll, vi } from 'vitest';

// Files follow each other in one process: none finds the environment of the one before.
afterAll(() => {
  vi.unstubAllEnvs();
});
