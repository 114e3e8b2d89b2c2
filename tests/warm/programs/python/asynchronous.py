import asyncio


async def main():
    child = await asyncio.create_subprocess_exec("echo", "from a child", stdout=asyncio.subprocess.PIPE)
    print((await child.communicate())[0], child.returncode)
    print(await asyncio.gather(*(asyncio.sleep(0, n) for n in range(5))))


asyncio.run(main())
