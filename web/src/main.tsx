import { render } from 'preact';
import { refresh } from './model/streams.ts';
import { ConsoleFrame } from './pages/console-frame.tsx';

render(<ConsoleFrame />, document.getElementById('console')!);
void refresh();
