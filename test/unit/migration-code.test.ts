import { describe, expect, it } from 'vitest';
import { briefly } from '../../src/domain/migration-code.ts';

describe('what a migration does, as far as a history carries it', () => {
  it('is whole where there is room for all of it', () => {
    const codes = [
      { revision: '0005', text: 'ALTER TABLE papers DROP COLUMN score;' },
      { revision: '0004', text: 'DROP TABLE opportunities;' },
    ];
    expect(briefly(codes)).toEqual(codes);
  });

  it('long ones give way evenly, short ones stay whole, and what is left out is counted', () => {
    const [long, short, longer] = briefly(
      [
        { revision: '0005', text: 'a'.repeat(90) },
        { revision: '0004', text: 'b'.repeat(10) },
        { revision: '0003', text: 'c'.repeat(200) },
      ],
      100,
    );
    expect(short).toEqual({ revision: '0004', text: 'b'.repeat(10) });
    expect(long).toEqual({ revision: '0005', text: 'a'.repeat(45), more: 45 });
    expect(longer).toEqual({ revision: '0003', text: 'c'.repeat(45), more: 155 });
  });
});
