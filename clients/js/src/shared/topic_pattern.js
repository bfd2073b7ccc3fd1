// The broker's patterns: `*` is one segment, `**` (the last) is zero or more; names that begin with `$` want to be named.

/** Whether `pattern`, a topic or a pattern, matches `topic`. */
export function matches(pattern, topic) {
  if (pattern === topic) return true;
  const wanted = pattern.split('/');
  const rest = wanted[wanted.length - 1] === '**';
  if (rest) wanted.pop();
  const segments = topic.split('/');
  if (topic.startsWith('$') && !pattern.startsWith('$')) return false;
  if (rest ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  return wanted.every((segment, i) => segment === '*' || segment === segments[i]);
}
