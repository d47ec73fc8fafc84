import { testClip } from './cases.ts';

testClip('h265', ['decoded']);
testClip('h265-reordered');
