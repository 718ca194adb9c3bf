/** The terminal while something is shown in place. */
export interface Screen {
  /** Shows `text` instead of what was there; lines that do not fit below are left out. */
  readonly draw: (text: string) => void;
  /** Gives the terminal back as it was. */
  readonly close: () => void;
}

/** What is needed of standard output. */
export interface Terminal {
  readonly rows: number;
  readonly write: (text: string) => unknown;
}

// Control sequences of xterm, which all terminals of today know or pass over.
const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l'; // alternate screen, no cursor, no line wrap
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const beginFrame = '\x1b[?2026h\x1b[H'; // nothing is painted until the frame ends
const endFrame = '\x1b[J\x1b[?2026l';
const clearToEndOfLine = '\x1b[K';

/**
 * Takes over the terminal's alternate screen. Each frame overwrites the one before instead of clearing it first, and
 * is one write, so nothing flickers.
 */
export function openScreen(terminal: Terminal): Screen {
  let open = true;
  const close = (): void => {
    if (open) terminal.write(leave);
    open = false;
    process.off('exit', close);
  };
  process.on('exit', close); // whatever ends the process, the terminal is usable afterwards
  terminal.write(enter);
  return {
    draw: (text) => {
      if (!open) return;
      const lines = text.split('\n').slice(0, Math.max(1, terminal.rows));
      terminal.write(beginFrame + lines.map((line) => line + clearToEndOfLine).join('\r\n') + endFrame);
    },
    close,
  };
}
