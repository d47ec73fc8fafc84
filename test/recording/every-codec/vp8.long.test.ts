import { testClip } from './cases.ts';

testClip('vp8');
