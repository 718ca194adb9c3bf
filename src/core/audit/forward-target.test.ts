import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readForwardTarget, readForwardTargets } from './forward-target.ts';

describe('a target of forwarded records', () => {
  it('is a syslog server or a file, and has one name however it is written', () => {
    const siem = { kind: 'tls', host: 'siem.example.com', port: 6514, name: 'tls://siem.example.com:6514' };
    const cases: readonly (readonly [string, unknown])[] = [
      ['tls://siem.example.com', siem],
      ['TLS://SIEM.example.com:6514/', siem],
      ['tcp://10.0.0.1:601', { kind: 'tcp', host: '10.0.0.1', port: 601, name: 'tcp://10.0.0.1:601' }],
      ['tls://[fd00::1]:7', { kind: 'tls', host: 'fd00::1', port: 7, name: 'tls://[fd00::1]:7' }],
      ['file:/var/log/a.log', { kind: 'file', path: '/var/log/a.log', name: 'file:/var/log/a.log' }],
      ['file:///var/log/a.log', { kind: 'file', path: '/var/log/a.log', name: 'file:/var/log/a.log' }],
    ];
    for (const [text, expected] of cases) assert.deepEqual(readForwardTarget(text), expected, text);
  });

  it('that is none is told with what is wrong in it', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['siem.example.com', /^"siem.example.com" is none of tls:/],
      ['udp://siem:514', /is none of/],
      ['tls://user@siem', /is none of/],
      ['tls://siem/path', /is none of/],
      ['tcp://siem', /names no port/],
      ['tls://siem:0', /names port 0/],
      ['tls://siem:70000', /names port 70000/],
      ['file:audit.log', /absolute path/],
      ['file:/', /absolute path/],
      ['file:/var/log/', /absolute path/],
      ['file:/var/../etc/passwd', /absolute path/],
      ['file://host/path', /absolute path/],
    ];
    for (const [text, expected] of cases) {
      const fault = readForwardTarget(text);
      assert.ok(typeof fault === 'string', text);
      assert.match(fault, expected);
    }
  });

  it('stands in a list once, and the list has an end', () => {
    const names = (text: string) => {
      const targets = readForwardTargets(text);
      return typeof targets === 'string' ? targets : targets.map(({ name }) => name);
    };
    assert.deepEqual(names(' tls://a, ,file:/b '), ['tls://a:6514', 'file:/b']);
    assert.match(String(names('tls://a,file:/b,tls://A:6514')), /"tls:\/\/a:6514" is named twice/);
    assert.match(String(names('tls://a,?')), /"\?" is none of/);
    const many = Array.from({ length: 9 }, (_, index) => `file:/a${index}`).join(',');
    assert.match(String(names(many)), /9 targets; 8 may be named/);
  });
});
