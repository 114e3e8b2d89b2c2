# threat: C5
# defence: what is no valid UTF-8 is told in base64
# tries: print NULs, lone surrogates, overlong forms, half a character at the end, escapes of terminals and of JSON
# must: the answer is valid JSON and has every byte
# expect: {"verdict": "ok", "encoding": "base64", "stdout": "AMCA7aCA7b+//8OD9JCAgPCfmIAbXTA7eAdcdTAwMDAiPC9zY3JpcHQ+4oI="}
import os
os.write(1, b"\0\xc0\x80\xed\xa0\x80\xed\xbf\xbf\xff\xc3\x83\xf4\x90\x80\x80\xf0\x9f\x98\x80\x1b]0;x\x07\\u0000\"</script>\xe2\x82")
