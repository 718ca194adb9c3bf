/** One instruction of a Containerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags: the words, or the elements of a JSON array. */
  readonly words: readonly string[];
  readonly isJson: boolean;
  readonly line: number;
}

/** A stage: an image of its own. The last one is what is built. */
export interface Stage {
  readonly base: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

const known = new Set(['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'ENTRYPOINT', 'CMD', 'LABEL']);

/**
 * Reads a Containerfile (Containerfile(5)), as far as ours needs: the instructions above, comments, and lines that go on.
 *
 * @throws Error with the line, for anything else
 */
export function readContainerfile(text: string): readonly Stage[] {
  const stages: { base: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const instruction of readInstructions(text)) {
    if (instruction.name === 'FROM') {
      const [base = '', as, name] = instruction.words;
      if (as !== undefined && as.toUpperCase() !== 'AS') throw fault(instruction, `"${as}" instead of AS`);
      stages.push({ base, name: name ?? null, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw fault(instruction, 'before the first FROM');
    stage.instructions.push(instruction);
  }
  return stages;
}

function readInstructions(text: string): readonly Instruction[] {
  const lines = text.split('\n').map((content, at) => ({ content: content.trim(), line: at + 1 }));
  const instructions: Instruction[] = [];
  let begun = '';
  for (const { content, line } of lines) {
    if (content === '' || content.startsWith('#')) continue;
    begun = `${begun} ${content.replace(/\\$/u, '')}`.trim();
    if (content.endsWith('\\')) continue;
    instructions.push(readInstruction(begun, line));
    begun = '';
  }
  if (begun !== '') throw new Error(`Containerfile: the last line goes on, and nothing follows`);
  return instructions;
}

function readInstruction(text: string, line: number): Instruction {
  const [, name = '', flagText = '', rest = ''] =
    /^([A-Za-z]+)((?:\s+--[a-z]+=\S+)*)\s+(.*)$/u.exec(text) ?? [];
  const flags = Object.fromEntries(
    Array.from(flagText.matchAll(/--([a-z]+)=(\S+)/gu), ([, flag = '', value = '']) => [flag, value]),
  );
  const isJson = rest.startsWith('[');
  const words: readonly string[] = isJson ? JSON.parse(rest) : rest.split(/\s+/u);
  const instruction = { name: name.toUpperCase(), flags, words, isJson, line };
  if (!known.has(instruction.name)) throw fault(instruction, 'no instruction that is known here');
  return instruction;
}

function fault({ line, name }: Instruction, because: string): Error {
  return new Error(`Containerfile, line ${line}: ${name}: ${because}`);
}
