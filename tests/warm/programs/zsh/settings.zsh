print $ZSH_ARGZERO $ZSH_SCRIPT $ZSH_NAME ${(%):-%x} $SHLVL $LINENO $PPID $options[shinstdin]
setopt
zmodload
limit
trap
