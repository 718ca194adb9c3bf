import type { NodeState } from './round-view.ts';
import { type Html, html } from './html.ts';
import { letterOf } from './lanes.ts';

const meanings: readonly (readonly [NodeState['state'], string])[] = [
  ['master', 'master, with its term'],
  ['standby', 'standby'],
  ['follower', 'follower'],
  ['starting', 'starting'],
  ['silent', 'no answer'],
];

/** What the colours, patterns and letters of the pictures mean. */
export function legendPart(): Html {
  const states = meanings.map(
    ([state, text]) =>
      html`<li><svg width="26" height="16" aria-hidden="true"><rect class="${state}" width="26" height="16"/><text class="on-${state}" x="9" y="12">${letterOf[state]}</text></svg> ${text}</li>`,
  );
  return html`<ul class="legend">${states}
<li><svg width="26" height="16" aria-hidden="true"><path class="acknowledged" d="M0 16V4H6V2H14V16z"/></svg> writes acknowledged</li>
<li><svg width="26" height="16" aria-hidden="true"><path class="refused" d="M0 0V8H8V4H14V0z"/></svg> writes refused or cut, below the line</li>
<li><svg width="26" height="16" aria-hidden="true"><rect class="band" width="26" height="16"/><line class="fault" x1="1" x2="1" y2="16"/><line class="fault" x1="25" x2="25" y2="16"/></svg> the fault</li>
<li><svg width="26" height="16" aria-hidden="true"><rect class="claim" x="1" y="1" width="24" height="14"/></svg> two claim to be master</li>
<li><svg width="26" height="16" aria-hidden="true"><line class="violation" x1="13" x2="13" y2="16"/></svg> a broken promise</li>
</ul>
`;
}

/** Patterns that the style sheet fills spans with, so that states differ without colours as well. Once in a page. */
export function patterns(): Html {
  return html`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground-starting" width="7" height="7"/><rect class="stroke-starting" width="3" height="7"/></pattern>
<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="ground-silent" width="6" height="6"/><circle class="stroke-silent" cx="3" cy="3" r="1"/></pattern>
<pattern id="lines" width="4" height="4" patternUnits="userSpaceOnUse"><rect class="ground-follower" width="4" height="4"/><rect class="stroke-follower" width="4" height="1"/></pattern>
</defs></svg>`;
}
