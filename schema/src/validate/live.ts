import { runConfigs, type RunKind } from '../run-config.js';

type Mapping = Record<string, unknown>;
interface Section {
  required?: string[];
}

/**
 * A config as written, with live fields changed: values by dotted key. null takes a field away, and with a field that
 * its section needs (`samples.prompts`) the whole section.
 */
export const withChanges = (config: Mapping, values: Mapping): Mapping => {
  const changed = structuredClone(config);
  for (const [key, value] of Object.entries(values)) {
    const [first = '', second] = key.split('.');
    const section = second === undefined ? changed : { ...(changed[first] as Mapping | undefined) };
    const name = second ?? first;
    if (value === null) delete section[name];
    else section[name] = value;
    if (second === undefined) continue;
    const isLost = value === null && sectionOf(config['kind'], first).required?.includes(name);
    if (isLost || !Object.keys(section).length) delete changed[first];
    else changed[first] = section;
  }
  return changed;
};

const sectionOf = (kind: unknown, name: string): Section => {
  const { properties } = runConfigs[kind as RunKind] as unknown as { properties: Record<string, Section> };
  return properties[name] ?? {};
};
